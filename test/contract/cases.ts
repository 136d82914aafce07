/** What must hold of the ports on every backend? The cases, each with what it needs. */
import type { Cloud, CommandsPort, ComputePort, FleetRequest, Subnet } from '../../src/aws/ports';
import type { AwsRegion } from '../../src/aws/clients';
import type { Backend, Capability } from './backend';

/** What a case works with; every case has an experiment of its own. */
export interface Bench {
  backend: Backend;
  cloud: Cloud;
  region: string;
  compute: ComputePort;
  commands: CommandsPort;
  /** The clients below the ports, to look at what the ports wrote. */
  aws: AwsRegion;
  experimentId: string;
  /** Tags of the experiment. */
  tags: Record<string, string>;
  /** Default subnets, by zone. */
  subnets: Subnet[];
  /** An x86_64 image. */
  imageId: string;
  /** A request for two spot nodes over two zones, with its group and template made. */
  fleet: (over?: Partial<FleetRequest>) => Promise<FleetRequest>;
}

export interface Case {
  /** A sentence about the port. */
  says: string;
  /** Part of what Holdfast assumes of every backend: such a case needs nothing and is never skipped. */
  minimum?: true;
  needs?: Capability[];
  run(bench: Bench): Promise<void>;
}
