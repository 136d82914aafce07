/** What is a bad afternoon on spot? AWS's own pace, and a loss every few minutes for four hours, often not alone. */
import type { Scenario } from '../scenario';
import { AWS_LIKE } from './defaults';

/**
 * Measured on the public V100 traces of 2023: a pool's up-time has a median of 32 minutes and its outages of 29 (90 %
 * end within 270), a drop of a 4-node group takes 37 to 72 % of it at once. Rebalance hints: 30 % precise, 60 % of the
 * endings hinted (AWS's node termination handler, issue 141). What is chosen between those figures is invented.
 */
export const BAD_AFTERNOON: Scenario = {
  ...AWS_LIKE,
  name: 'bad-afternoon',
  losses: [
    {
      fromSeconds: 120,
      untilSeconds: 4 * 3600,
      everySeconds: [180, 720],
      noticeSeconds: [120, 120],
      poolChance: 0.35,
      zoneChance: 0.1,
      siblingShare: 0.7,
      siblingSeconds: [0, 90],
      outageSeconds: [600, 5400],
      hintChance: 0.6,
      // Far shorter than the 17 minutes and more that were seen, so that an experiment lives to see hint and loss.
      hintLeadSeconds: [0, 600],
      falseHintChance: 0.9,
    },
  ],
};
