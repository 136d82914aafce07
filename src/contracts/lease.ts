/** How long may an experiment live at most, and when does a node end itself? */

/** The longest lease, extensions included, unless the installation sets another: a week of nodes is worth a new start. */
export const MAX_LEASE_SECONDS = 7 * 86_400;

/**
 * After the end of the lease, before a node that nobody ended shuts itself down: later than teardown, the reaper's
 * grace of 15 min and one of its periods of 15 min.
 */
export const DEAD_MAN_GRACE_SECONDS = 1800;
