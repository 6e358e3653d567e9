/** In place of a backup's name: the newest good one at the time of the run. */
export const newestGood = 'newest';

/** What the editor shows for it. */
export const newestGoodName = 'Newest Good Backup';
