/** Who ends the server that global-setup.ts started? A killed run needs no teardown: the server ends by itself. */
import { removeBundle } from './bundle';
import './global-setup';

export default async function globalTeardown(): Promise<void> {
  await globalThis.holdfastTestServer?.stop();
  removeBundle();
}
