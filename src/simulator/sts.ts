/** Who is calling? STS, as far as the account number goes. */
import type { Handlers } from './world/state';

export const stsOperations: Handlers = {
  GetCallerIdentity: (_input, { account }) => ({
    Account: account,
    UserId: 'AIDASIMULATEDCALLER00',
    Arn: `arn:aws:iam::${account}:user/simulated`,
  }),
};
