/** What may `--scenario` be? */
import { SCENARIO_NAMES } from '../simulator/scenario-names';

/** In words, for a help text. */
export const SCENARIO_CHOICES = `${SCENARIO_NAMES.join(', ')}, or a YAML or JSON file`;
