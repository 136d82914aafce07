/** What does a script on a node learn of the others? */
import { nodeEnvironment } from '../../src/activities/node-environment';

describe('the environment of a node', () => {
  it('names the peers in slot order, and a standby knows its own name without being a peer', () => {
    const peers = ['broker-10', 'broker-2', 'broker-standby-0'].map((slot, index) => {
      return { slot, component: 'broker', instanceId: `i-${String(index)}`, privateIp: `10.0.0.${String(index)}` };
    });

    expect(nodeEnvironment('exp-1', peers)).toEqual({
      HOLDFAST_EXPERIMENT: 'exp-1',
      HOLDFAST_SLOTS: 'i-0=broker-10,i-1=broker-2,i-2=broker-standby-0',
      HOLDFAST_PEERS_BROKER: 'broker-2=10.0.0.1,broker-10=10.0.0.0',
    });
  });
});
