/** Which templates does the start form of the Temporal UI offer? All that this machine knows and can read. */
import type { Templates } from '../client';
import type { SpecLibrary } from '../schemas/resolve';

export async function templatesOf(library: SpecLibrary): Promise<Templates> {
  const names = await library.names('template');
  // One with a mistake is told by what uses it; here it must not keep the others out.
  const read = (name: string): Promise<unknown> => library.read('template', name).catch(() => undefined);
  const specs = await Promise.all(names.map(async (name) => [name, await read(name)] as const));
  return Object.fromEntries(specs.filter(([, spec]) => spec !== undefined)) as Templates;
}
