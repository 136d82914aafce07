/** What does a script on a node know of its experiment? Variables for setup scripts and steps. */

import { isStandby } from '../contracts/names';
import type { SlotVolume } from '../contracts/volumes';

/** A node as others see it. */
export interface Peer {
  slot: string;
  component: string;
  instanceId: string;
  privateIp?: string;
  volumes?: SlotVolume[];
}

/**
 * `HOLDFAST_EXPERIMENT`, `HOLDFAST_SLOTS` (`instance=slot` pairs, from which a node derives `HOLDFAST_SLOT`), and
 * `HOLDFAST_PEERS_<COMPONENT>` (`slot=address` pairs, comma-separated, in slot order). A standby is nobody's peer. Where
 * volumes follow slots also `HOLDFAST_VOLUMES` (`instance=origin:device:volume`), from which a node derives
 * `HOLDFAST_VOLUME`.
 */
export function nodeEnvironment(experimentId: string, peers: readonly Peer[]): Record<string, string> {
  const components = [...new Set(peers.map((peer) => peer.component))];
  const lists = components.map((component) => {
    const members = peers.filter((peer) => peer.component === component && !isStandby(peer));
    return [variable(component), addresses(members)] as const;
  });
  return {
    HOLDFAST_EXPERIMENT: experimentId,
    HOLDFAST_SLOTS: peers.map((peer) => `${peer.instanceId}=${peer.slot}`).join(','),
    ...Object.fromEntries(lists),
    ...volumeList(peers),
  };
}

/** Several volumes of one node have a space between them; commas part the nodes. */
function volumeList(peers: readonly Peer[]): Record<string, string> {
  const entries = peers.flatMap(({ instanceId, volumes = [] }) => {
    const own = volumes.map(({ origin, device, volumeId }) => `${origin}:${device}:${volumeId}`).join(' ');
    return own === '' ? [] : [`${instanceId}=${own}`];
  });
  return entries.length === 0 ? {} : { HOLDFAST_VOLUMES: entries.join(',') };
}

function variable(component: string): string {
  return `HOLDFAST_PEERS_${component.toUpperCase().replaceAll('-', '_')}`;
}

function addresses(members: readonly Peer[]): string {
  const known = members.filter((member) => member.privateIp !== undefined);
  const ordinal = (slot: string): number => Number(slot.slice(slot.lastIndexOf('-') + 1));
  return [...known]
    .sort((a, b) => ordinal(a.slot) - ordinal(b.slot))
    .map((member) => `${member.slot}=${member.privateIp ?? ''}`)
    .join(',');
}
