/** On every container that this package creates: which lease it belongs to. */
export const leaseLabel = 'n8n-nodes-backup.lease';

/** What a container of ours is for: `lease`, `reader` or `writer`. */
export const roleLabel = 'n8n-nodes-backup.role';

/** On a lease: ids of containers to resume, with commas between. */
export const pausedLabel = 'n8n-nodes-backup.paused';

/** On a lease: ids of containers to start, with commas between. */
export const stoppedLabel = 'n8n-nodes-backup.stopped';
