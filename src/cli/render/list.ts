/** What does `holdfast list` show? */
import type { ExperimentListing } from '../../client';
import type { ExperimentStatus } from '../../contracts/messages';
import { count, money, secondsBetween, span } from './format';
import type { Style } from './style';
import { table } from './table';

/** A row of the list; `status` only of running experiments whose worker answered. */
export interface ListRow {
  listing: ExperimentListing;
  status?: ExperimentStatus;
}

const HEAD = [
  'ID',
  'TEMPLATE',
  'OWNER',
  'PHASE',
  'NODES',
  'SPOT/OD',
  'REGION',
  '$/H',
  'SPENT',
  'AT EXPIRY',
  'TTL',
  'AGE',
];

const WIDE = ['LOST', 'TRIGGER', 'TYPES', 'ZONES', 'EXPIRES'];

export interface ListView {
  /** ISO time of looking. */
  at: string;
  /** More columns than fit a usual terminal. */
  wide: boolean;
  style: Style;
}

/** The table and a total per hour. */
export function listPage(rows: ListRow[], { at, wide, style }: ListView): string[] {
  if (rows.length === 0) return ['No experiments. Start one: holdfast run -f examples/pulsar-lab.yaml'];
  return [
    ...table(
      [...HEAD, ...(wide ? WIDE : [])].map((cell) => style.dim(cell)),
      rows.map((row) => [...cells(row, at, style), ...(wide ? wideCells(row) : [])]),
    ),
    '',
    total(rows, style),
  ];
}

/** What is not known is said, never counted as nothing. */
function total(rows: ListRow[], style: Style): string {
  const known = rows.reduce((sum, row) => sum + (row.status?.cost.usdPerHour ?? 0), 0);
  const unknown = rows.filter(({ listing, status }) => listing.state === 'RUNNING' && status === undefined).length;
  const more = unknown === 0 ? '' : style.yellow(` and what ${count(unknown, 'experiment')} without an answer cost`);
  return `total ${money(known)}/h${more}`;
}

function wideCells({ listing, status }: ListRow): string[] {
  const distinct = (of: 'instanceType' | 'zone'): string =>
    [...new Set(status?.nodes.map((node) => node[of]) ?? [])].sort().join(',') || '-';
  return [
    listing.interruptions === undefined ? '-' : String(listing.interruptions),
    listing.trigger ?? '-',
    distinct('instanceType'),
    distinct('zone'),
    listing.expiresAt === undefined ? '-' : `${listing.expiresAt.slice(0, 16)}Z`,
  ];
}

function cells({ listing, status }: ListRow, at: string, style: Style): string[] {
  return [
    listing.id,
    listing.template ?? status?.name ?? '-',
    listing.owner ?? status?.owner ?? '-',
    phase(listing, style),
    nodes(listing, status),
    markets(status),
    listing.region ?? '-',
    status === undefined ? '-' : rate(status.cost.usdPerHour, style),
    spent(listing, status),
    status === undefined ? '-' : money(status.cost.atExpiryUsd),
    ttl(listing, at, style),
    span(secondsBetween(listing.startedAt, listing.endedAt ?? at)),
  ];
}

/** The workflow's own phase, or Temporal's word when it never got to set one or ended without. */
function phase(listing: ExperimentListing, style: Style): string {
  const stale = listing.state === 'TERMINATED' || listing.state === 'TIMED_OUT';
  const word = listing.phase === undefined || stale ? listing.state.toLowerCase() : listing.phase;
  const reason = listing.reason === undefined || listing.reason === '' ? '' : `(${listing.reason})`;
  const colour = word === 'Done' ? style.green : listing.state === 'RUNNING' ? style.cyan : style.red;
  return colour(`${word}${reason}`);
}

function nodes(listing: ExperimentListing, status: ExperimentStatus | undefined): string {
  if (status === undefined) return listing.nodesReady === undefined ? '-' : String(listing.nodesReady);
  const ready = status.progress.filter((node) => node.at === 'ready').length;
  const desired = Object.values(status.desired).reduce((sum, one) => sum + one, 0);
  return `${String(ready)}/${String(desired)}`;
}

function markets(status: ExperimentStatus | undefined): string {
  if (status === undefined) return '-';
  const spot = status.nodes.filter((node) => node.market === 'spot').length;
  return `${String(spot)}/${String(status.nodes.length - spot)}`;
}

/** Dollars an hour at which a rate is worth a look, and at which it is worth a question. */
const RATE = { notable: 1, high: 10 } as const;

function rate(usdPerHour: number, style: Style): string {
  const text = money(usdPerHour);
  if (usdPerHour >= RATE.high) return style.red(text);
  return usdPerHour >= RATE.notable ? style.yellow(text) : style.green(text);
}

function spent(listing: ExperimentListing, status: ExperimentStatus | undefined): string {
  const usd = status?.cost.spentUsd ?? listing.costUsd;
  return usd === undefined ? '-' : money(usd);
}

function ttl(listing: ExperimentListing, at: string, style: Style): string {
  if (listing.expiresAt === undefined || listing.state !== 'RUNNING') return '-';
  const left = secondsBetween(at, listing.expiresAt);
  return left <= 0 ? style.red('over') : span(left);
}
