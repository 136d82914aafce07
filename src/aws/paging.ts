/** How is a listing read to its last page, and a long list of ids in parts AWS accepts? */

/** Reads pages until AWS gives no further token; `page` gets the token of the page to read. */
export async function allPages<P, T>(
  page: (token: string | undefined) => Promise<P>,
  next: (page: P) => string | undefined,
  items: (page: P) => T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const read = await page(token);
    found.push(...(items(read) ?? []));
    const following = next(read);
    // An emulator that answers the same token for ever must not hang a worker.
    token = following === '' || following === token ? undefined : following;
  } while (token !== undefined);
  return found;
}

/** Parts of at most `size` items, in order. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
