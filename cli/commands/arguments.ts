/** What an argument that names an artifact may be. */
export const artifactArgument = 'path, name in the backup directory, or "newest"';
