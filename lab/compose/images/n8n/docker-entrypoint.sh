#!/bin/sh
# Words after the image's name are n8n's: `worker`, `import:workflow`.
exec n8n "$@"
