/** Which address does a machine get? IPv4 arithmetic, and the free addresses of a subnet. */
import { AwsError } from '../errors';
import type { SimSubnet } from './state';

export interface Cidr {
  base: number;
  bits: number;
}

/** Addresses of a subnet that AWS keeps: network, router, DNS, future use, broadcast (VPC user guide, "Subnet CIDR blocks"). */
const RESERVED = 5;

/** Reads `10.0.0.0/16`; undefined when it is not an IPv4 block. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text);
  if (!match) return undefined;
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  if (a > 255 || b > 255 || c > 255 || d > 255 || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return { base: Math.floor(((a * 256 + b) * 65536 + c * 256 + d) / size) * size, bits };
}

export function formatIp(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function formatCidr({ base, bits }: Cidr): string {
  return `${formatIp(base)}/${bits}`;
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.bits >= outer.bits && inner.base >= outer.base && inner.base < outer.base + 2 ** (32 - outer.bits);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, b) || contains(b, a);
}

export function freeAddresses(subnet: SimSubnet): number {
  return 2 ** (32 - blockOf(subnet).bits) - RESERVED - subnet.used.size;
}

/** Takes the next free address; refuses when the subnet is full. */
export function takeAddress(subnet: SimSubnet): string {
  const { base, bits } = blockOf(subnet);
  const size = 2 ** (32 - bits);
  if (freeAddresses(subnet) <= 0) {
    throw new AwsError(
      'InsufficientFreeAddressesInSubnet',
      `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
    );
  }
  while (subnet.nextHost < 4 || subnet.nextHost >= size - 1 || subnet.used.has(subnet.nextHost)) {
    subnet.nextHost = subnet.nextHost >= size - 1 ? 4 : subnet.nextHost + 1;
  }
  subnet.used.add(subnet.nextHost);
  return formatIp(base + subnet.nextHost);
}

export function giveBackAddress(subnet: SimSubnet | undefined, address: string): void {
  const host = parseCidr(`${address}/32`);
  if (subnet && host) subnet.used.delete(host.base - blockOf(subnet).base);
}

function blockOf(subnet: SimSubnet): Cidr {
  return parseCidr(subnet.cidr) ?? { base: 0, bits: 32 };
}
