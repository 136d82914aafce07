/** What moves when a slot with data moves? The words of volumes that follow their slot, as plain data. */

/** A data volume of a slot, on the node that fills the slot now. */
export interface SlotVolume {
  volumeId: string;
  /** The device it was asked to be attached as: `/dev/sdf`. Nitro machines show it as an NVMe disk with its id as serial. */
  device: string;
  zone: string;
  /** `new`: empty when its node got it; `kept`: came along from the node before; `restored`: copied from there. */
  origin: 'new' | 'kept' | 'restored';
  /** The instance that had it last, where the slot's present node ended before it got it. */
  heldBy?: string;
}

/** What a volume is made as. */
export interface VolumeShape {
  sizeGiB: number;
  type: string;
  iops?: number;
  throughputMBps?: number;
}

/** One volume on its way from node to node. */
export interface VolumeMove {
  volumeId: string;
  device: string;
  slot: string;
  /** The node that held it; absent for a volume made for `to`, which nobody held. */
  from?: string;
  to: string;
  /** The zone of `to`. A volume of another zone is only waited for until it is free. */
  toZone: string;
  /** Epoch milliseconds after which it is waited for no longer. */
  until: number;
}

/**
 * How a move ended. `free`: it is attached to nothing, in another zone; `late`: still held when its time was up;
 * `gone`: AWS has it no more; `dropped`: its new node ended before.
 */
export interface VolumeMoved {
  volumeId: string;
  end: 'attached' | 'free' | 'late' | 'gone' | 'dropped';
}

/** A volume to be made in place of one that cannot come along. */
export interface VolumeCopy extends VolumeShape {
  slot: string;
  component: string;
  device: string;
  zone: string;
  /** The volume to copy through a snapshot; absent: it is made empty. */
  source?: string;
  /** Unique per copy of a run; the same for its retries and after a reset. */
  copyId: string;
  /** Milliseconds after which a snapshot that is not complete is given up and the volume made empty. */
  withinMs: number;
}

/** What was made in place of a volume. */
export interface VolumeCopied {
  copyId: string;
  volumeId: string;
  origin: 'new' | 'restored';
}
