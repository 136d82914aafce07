/** How do activities get at AWS? The one object that holds every port. */
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { createRegions } from './clients';
import { createCommands } from './commands';
import { createCompute } from './compute';
import { readHoldings } from './holdings';
import { callerIdentity, enabledRegions } from './identity';
import { createInventory } from './inventory';
import type { Cloud, Identity } from './ports';
import { secretParameter } from './secret';
import { createVolumes } from './volumes';

export interface CloudOptions {
  /** Asked for identity and regions; experiments name their own. */
  region: string;
  /** A simulator or an emulator; AWS itself when absent. */
  endpoint?: string;
  /** The SDK's default chain when absent. */
  credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
}

/** One per worker process: clients, connections and paces are shared by everything that goes through it. */
export function createCloud(options: CloudOptions): Cloud & { close(): void } {
  const { region, endpoint, credentials } = options;
  const regions = createRegions({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  // The account of a process does not change while it runs, and every activity asks for it: one call is enough.
  let known: Identity | undefined;
  return {
    async identity(call) {
      known ??= await callerIdentity(regions.at(region), endpoint ?? '', call);
      return known;
    },
    regions: (call) => enabledRegions(regions.at(region), call),
    compute: (name) => createCompute(regions.at(name)),
    commands: (name) => createCommands(regions.at(name)),
    holdings: (name, call) => readHoldings(regions.at(name), call),
    inventory: (name) => createInventory(regions.at(name)),
    volumes: (name) => createVolumes(regions.at(name)),
    secret: (parameter, call) => secretParameter(regions.at(region), parameter, call),
    close: () => {
      regions.close();
    },
  };
}
