/** What does the simulator's ledger say about a run? The referee: it saw every call and every resource. */

/** The parts of `GET /_sim/ledger` that reports use; see docs/simulator.md. */
export interface Ledger {
  resources: LedgerResource[];
  summary: LedgerSummary;
}

export interface LedgerResource {
  id: string;
  type: string;
  tags: Record<string, string>;
  /** Every delay that was drawn for it, in milliseconds. */
  draws: Record<string, number>;
}

export interface LedgerSummary {
  launched: number;
  alive: number;
  duplicates: number;
  untagged: number;
  calls: Record<string, number>;
}

/** Reads the ledger of a simulator. Rejects when it does not answer. */
export async function readLedger(simulatorUrl: string): Promise<Ledger> {
  const reply = await fetch(`${simulatorUrl}/_sim/ledger`);
  if (!reply.ok) throw new Error(`the simulator's ledger answered ${String(reply.status)}`);
  return (await reply.json()) as Ledger;
}
