/** How do the workflows become the bundle that a worker runs? */

const workflowsPath = require.resolve('./workflows');

/**
 * Their modules are evaluated once per worker and frozen, not once per workflow: that is three quarters of what a
 * waiting experiment would hold. So a module of workflows, policy or contracts keeps no state of its own; the linter
 * refuses what would.
 */
export const WORKFLOW_BUNDLE = { workflowsPath, preloadModules: [workflowsPath] };
