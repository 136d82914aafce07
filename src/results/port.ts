/** Where do results go so that they outlive Temporal? One folder or prefix per experiment. */

export interface ResultStore {
  /**
   * Writes one document, whole or not at all, over an older one of that name; answers where it is.
   * `name` is a path below the experiment's place, such as `certificate.json` or `steps/bench/broker-0.stdout`.
   */
  put(experimentId: string, name: string, content: string | Uint8Array): Promise<string>;
  /** The text of a document; undefined when there is none of that name. */
  get(experimentId: string, name: string): Promise<string | undefined>;
  /** The place that holds everything of an experiment, whether or not something is there yet. */
  location(experimentId: string): string;
}
