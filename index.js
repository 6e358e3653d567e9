'use strict';

// n8n loads the nodes and credentials by the paths in package.json's "n8n" block; there is nothing to import from here.
module.exports = {};
