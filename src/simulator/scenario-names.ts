/** Which scenarios are built in? Their names alone, for a help text that must not load the simulator. */

export const SCENARIO_NAMES = ['quick', 'aws-like', 'bad-afternoon'] as const;

export type ScenarioName = (typeof SCENARIO_NAMES)[number];
