/** Which fields of a spec do not go together? */
import type { Fields } from './experiment';

/** What is wrong, and where. */
interface Problem {
  path: (string | number)[];
  message: string;
}

/** Everything that no field can tell by itself; empty when the spec is sound. */
export function specProblems(spec: Fields): Problem[] {
  return [...componentProblems(spec), ...stepProblems(spec), ...networkProblems(spec)];
}

function networkProblems(spec: Fields): Problem[] {
  return [...regionProblems(spec), ...acceptsProblems(spec)];
}

/** Who may connect is said by the groups of components, which only a network of its own has. */
function acceptsProblems({ components, network }: Fields): Problem[] {
  const hasGroups = network !== undefined && 'create' in network;
  return Object.entries(components).flatMap(([key, { accepts }]) => {
    if (accepts === undefined) return [];
    const path = ['components', key, 'accepts'];
    if (!hasGroups)
      return [{ path, message: 'needs network.create: elsewhere one security group holds the whole experiment' }];
    return accepts.flatMap((other, index) =>
      other in components ? [] : [{ path: [...path, index], message: `names no component: ${other}` }],
    );
  });
}

/** Ids mean something in one region only. */
function regionProblems({ network, regions }: Fields): Problem[] {
  if (network === undefined || 'create' in network || regions.length === 1) return [];
  const message = `are of one region, and regions names ${String(regions.length)}: keep one of them, or make networks with create: true`;
  return [{ path: ['network', 'subnetIds'], message }];
}

function componentProblems(spec: Fields): Problem[] {
  const problems: Problem[] = [];
  for (const [key, part] of Object.entries(spec.components)) {
    for (const [index, other] of part.dependsOn.entries()) {
      if (!(other in spec.components)) {
        problems.push({ path: ['components', key, 'dependsOn', index], message: `names no component: ${other}` });
      }
    }
    if (part.minReady !== undefined && part.minReady > part.count) {
      problems.push({
        path: ['components', key, 'minReady'],
        message: `must be at most count (${String(part.count)})`,
      });
    }
  }
  problems.push(...profileProblems(spec), ...lossProblems(spec));
  const cycle = findCycle(spec.components);
  if (cycle !== undefined)
    problems.push({ path: ['components', cycle, 'dependsOn'], message: 'depends on itself in a circle' });
  return problems;
}

/** What cannot be kept when a member is lost. */
function lossProblems(spec: Fields): Problem[] {
  return Object.entries(spec.components).flatMap(([key, part]) => {
    const at = (field: string, message: string): Problem => ({ path: ['components', key, field], message });
    const problems: Problem[] = [];
    for (const field of ['onInterruption', 'onUnhealthy'] as const) {
      if (part.quorum && part[field] === 'restart-all')
        problems.push(at(field, 'restart-all ends every member at once, which no quorum outlives'));
    }
    if (part.standby > 0 && part.volumes.some((volume) => volume.follows === 'slot'))
      problems.push(at('standby', 'has no volume of a slot: use standby, or volumes that follow the slot'));
    if (part.standby > 0 && `${key}-standby` in spec.components)
      problems.push(at('standby', `are named like the nodes of component ${key}-standby; rename one of them`));
    return problems;
  });
}

/** Without an instance profile no node registers with SSM, so nothing could be set up, checked or run on it. */
function profileProblems(spec: Fields): Problem[] {
  const stepped = new Set(spec.steps.flatMap((entry) => entry.on));
  return Object.entries(spec.components)
    .filter(([, part]) => part.instanceProfile === undefined && spec.instanceProfile === undefined)
    .filter(
      ([key, part]) => part.setup !== undefined || part.services.length + part.health.length > 0 || stepped.has(key),
    )
    .map(([key]) => ({
      path: ['components', key, 'instanceProfile'],
      message:
        'is missing: setup, services, health and steps go through SSM, and no node reaches SSM without a profile',
    }));
}

function findCycle(components: Fields['components']): string | undefined {
  const done = new Set<string>();
  const visit = (key: string, trail: string[]): string | undefined => {
    if (trail.includes(key)) return key;
    if (done.has(key)) return undefined;
    done.add(key);
    for (const other of components[key]?.dependsOn ?? []) {
      const found = visit(other, [...trail, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const key of Object.keys(components)) {
    const found = visit(key, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

function stepProblems(spec: Fields): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of spec.steps.entries()) {
    if (seen.has(entry.name))
      problems.push({ path: ['steps', index, 'name'], message: `is used twice: ${entry.name}` });
    seen.add(entry.name);
    for (const on of entry.on) {
      if (!(on in spec.components))
        problems.push({ path: ['steps', index, 'on'], message: `names no component: ${on}` });
    }
  }
  return problems;
}
