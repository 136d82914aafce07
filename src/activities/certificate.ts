/** How is the proof of a cleanup kept? Whole, though its list of resources may come in parts. */
import { createHash } from 'node:crypto';
import { Failure } from '../contracts/failures';
import type { CertificateEntry, Recheck } from '../contracts/inventory';
import { certificateOf, type CertificateFrame } from '../policy/certificate';
import type { ResultStore } from '../results/port';
import { beating } from './beating';

export interface CertificatePart {
  experimentId: string;
  /** Names the part; the run of the workflow is in it, so that no other cleanup writes the same. */
  name: string;
  resources: CertificateEntry[];
}

export interface SaveCertificateInput {
  frame: CertificateFrame;
  /** Parts that were kept before, in their order. */
  parts: string[];
  /** What comes after them: everything, where it fits. */
  resources: CertificateEntry[];
}

export interface Kept {
  document: string;
  /** SHA-256 of the text that is kept. */
  digest: string;
}

export function createCertificateActivities({ results }: { results: ResultStore }) {
  return {
    /** Keeps some of a certificate's resources until `saveCertificate` puts them together. */
    async saveCertificatePart({ experimentId, name, resources }: CertificatePart): Promise<void> {
      await beating(() => results.put(experimentId, partName(name), JSON.stringify(resources)));
    },

    /**
     * Keeps the whole certificate under its own time, where no later cleanup of the id overwrites it, and as the
     * newest, `certificate.json`. Answers where the first is and what its SHA-256 is.
     */
    async saveCertificate({ frame, parts, resources }: SaveCertificateInput): Promise<Kept> {
      const { experimentId, finishedAt } = frame;
      return beating(async () => {
        const earlier = await Promise.all(parts.map((name) => readPart(results, experimentId, name)));
        const certificate = certificateOf(frame, [...earlier.flat(), ...resources]);
        return keepBoth(results, experimentId, { name: 'certificate', at: finishedAt, content: certificate });
      });
    },

    /** Keeps what a later look found beside the certificate: under its own time, and as the newest, `recheck.json`. */
    async saveRecheck({ outcome }: { outcome: Recheck }): Promise<Kept> {
      const { experimentId, at } = outcome;
      return beating(() => keepBoth(results, experimentId, { name: 'recheck', at, content: outcome }));
    },
  };
}

function partName(name: string): string {
  return `certificate-parts/${name}.json`;
}

async function readPart(results: ResultStore, experimentId: string, name: string): Promise<CertificateEntry[]> {
  const text = await results.get(experimentId, partName(name));
  if (text !== undefined) return JSON.parse(text) as CertificateEntry[];
  // Another worker may hold it, when workers do not share their results.
  throw new Failure('NotYetVisible', `part ${name} of the certificate of ${experimentId} is not kept here`);
}

async function keepBoth(
  results: ResultStore,
  experimentId: string,
  { name, at, content }: { name: string; at: string; content: unknown },
): Promise<Kept> {
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  await results.put(experimentId, `${name}.json`, text);
  const document = await results.put(experimentId, `${name}-${at.replace(/[^0-9TZ]/g, '')}.json`, text);
  return { document, digest: createHash('sha256').update(text).digest('hex') };
}
