/** Which interfaces does AWS itself make? Those of NAT gateways and endpoints: they hold their subnet and outlive their owner a little. */
import { plan } from './agenda';
import { newId } from './ids';
import { giveBackAddress, takeAddress } from './network';
import { addResource, endResource, newResource } from './resources';
import type { HandlerContext, RegionState, SimNetworkInterface, SimSubnet, World } from './state';

export function addManagedInterface(
  ctx: HandlerContext,
  state: RegionState,
  subnet: SimSubnet,
  facts: Pick<SimNetworkInterface, 'description' | 'securityGroupIds'> & {
    owner: NonNullable<SimNetworkInterface['owner']>;
  },
): SimNetworkInterface {
  const address = takeAddress(subnet);
  return addResource<SimNetworkInterface>(state, {
    ...newResource(ctx, 'network-interface', newId(ctx.world, 'eni')),
    ...facts,
    zone: subnet.zone,
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    privateIp: address,
    subnetAddress: address,
  });
}

/** The owner is gone at `at`; its interface goes a drawn while later. */
export function releaseManagedInterface(world: World, state: RegionState, id: string, at: number): void {
  const eni = state.networkInterfaces.get(id);
  if (!eni) return;
  eni.draws['interfaceLinger'] = world.random.between(world.scenario.delays.interfaceLinger);
  const goneAt = at + eni.draws['interfaceLinger'];
  plan(world.agenda, goneAt, () => {
    giveBackAddress(state.subnets.get(eni.subnetId), eni.subnetAddress);
    endResource(state, eni, goneAt);
  });
}
