/**
 * Every type that crosses from the worker to the page: coarse verbs over Comlink (`LabApi`) and one one-way stream of batched
 * events on a MessagePort. Types only. Everything is structured-cloneable; expected failures are values (`Result`), because
 * Comlink reduces a thrown error to its message.
 */
import type { EvidencePacket } from '../emulator/capture/evidence.ts';
import type { Field as PacketField } from '../emulator/capture/field.ts';
import type { LabTopology, PathKind } from '../emulator/topology/topology.ts';

export type { EvidencePacket, LabTopology, PacketField, PathKind };

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ApiError };

export type ApiErrorCode =
  | 'no-webassembly'
  | 'image-missing'
  | 'image-corrupt'
  | 'bad-topology'
  | 'bad-mac'
  | 'bad-path'
  | 'not-open'
  | 'guest-not-ready'
  | 'machine-failed'
  | 'internal';

export interface ApiError {
  readonly code: ApiErrorCode;
  /** One sentence: what happened, what it means for the reader, what to do next. */
  readonly message: string;
}

/** Where the worker finds a file of the guest image, and what it must be. */
export interface ImageFile {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface LabAssets {
  readonly v86Wasm: string;
  readonly bios: ImageFile;
  readonly vgaBios?: ImageFile;
  readonly bzImage: ImageFile;
  readonly initrd: ImageFile;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

export type RunState = 'loading' | 'booting' | 'running' | 'paused' | 'failed';

/** A frame of the capture in the words of the packet list. */
export interface PacketRow {
  /** Place in the capture, from 0; stable until the capture is cleared. */
  readonly index: number;
  /** Virtual time in ns. */
  readonly at: number;
  readonly iface: number;
  readonly direction: 'in' | 'out';
  /** Packet id: the same frame seen at several points has the same id. */
  readonly packet: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly length: number;
  readonly info: string;
}

export interface PacketPage {
  readonly rows: readonly PacketRow[];
  /** Frames that pass the filter. */
  readonly total: number;
  /** Changes when the capture was cleared: indices start anew. */
  readonly epoch: number;
}

export interface PacketDetail {
  readonly row: PacketRow;
  readonly bytes: Uint8Array;
  readonly fields: readonly PacketField[];
}

export interface CaptureInterface {
  readonly id: number;
  readonly name: string;
  readonly description: string;
}

/** A command that ran at a guest's prompt, found by the OSC 133 marks. */
export interface CommandRecord {
  readonly guest: string;
  readonly command: string;
  /** Console text between the command line and the next prompt, at most 64 KiB of it (the end). */
  readonly output: string;
  readonly exitCode: number;
  /** Virtual ns. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly path: PathKind;
}

/** Everything a lab check may look at. Bulk TCP data (no SYN, FIN or RST) is left out of `packets`. */
export interface Evidence {
  readonly topology: LabTopology;
  readonly now: number;
  readonly packets: readonly EvidencePacket[];
  readonly commands: readonly CommandRecord[];
}

export interface WireCounters {
  /** Tap point name, e.g. `vm1.eth0`. */
  readonly name: string;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface GuestStatus {
  readonly id: string;
  readonly path: PathKind;
  readonly mac: string;
  readonly linkUp: boolean;
  /** Address seen in the last DHCP ACK to this guest's MAC; null: none on this path yet. */
  readonly address: string | null;
  /** At a prompt (true) or running something (false). */
  readonly atPrompt: boolean;
}

export interface LabStatus {
  readonly state: RunState;
  /** Virtual ns since power-on. */
  readonly now: number;
  /** Virtual seconds per wall second over the last second. */
  readonly speed: number;
  readonly guests: readonly GuestStatus[];
  readonly wires: readonly WireCounters[];
  readonly frames: number;
  /** Frames no longer held because the capture was full. */
  readonly framesLost: number;
}

export type LabEvent =
  | {
      readonly type: 'progress';
      /** What is being done, e.g. `kernel`, `initrd`, `bios`, `v86`, `boot`. */
      readonly stage: string;
      readonly text: string;
      readonly loaded: number;
      readonly total: number;
    }
  | { readonly type: 'console'; readonly guest: string; readonly bytes: Uint8Array }
  | { readonly type: 'prompt'; readonly guest: string; readonly exitCode: number | null }
  | { readonly type: 'command'; readonly record: CommandRecord }
  | { readonly type: 'status'; readonly status: LabStatus }
  | { readonly type: 'failed'; readonly error: ApiError };

export interface LabInfo {
  readonly topology: LabTopology;
  readonly interfaces: readonly CaptureInterface[];
}

/** Which frames: by tap point, and by text in the row (case-insensitive); null and '' mean all. */
export interface PacketQuery {
  readonly iface: number | null;
  readonly text: string;
}

export interface LabApi {
  /** Builds the world, checks the image, boots the guests; events arrive on `port` from then on (arrays of LabEvent, one message a batch). */
  open(topology: LabTopology, assets: LabAssets, port: MessagePort): Promise<Result<LabInfo>>;
  pause(): Promise<Result<null>>;
  resume(): Promise<Result<null>>;
  /** Resets the world: power-cycles every guest, empties the capture. */
  restart(topology: LabTopology): Promise<Result<LabInfo>>;
  /** Bytes typed at the guest's console. */
  type(guest: string, bytes: Uint8Array): Promise<Result<null>>;
  resize(guest: string, rows: number, columns: number): Promise<Result<null>>;
  /** Pulls the cable, changes the path (native: power-cycles into the machine beta), plugs it in. */
  setPath(guest: string, path: PathKind): Promise<Result<LabInfo>>;
  /** Writes a new MAC to the card's EEPROM and lets the guest's driver read it again. */
  setMac(guest: string, mac: string): Promise<Result<LabInfo>>;
  packets(query: PacketQuery, from: number, count: number): Promise<Result<PacketPage>>;
  packet(index: number): Promise<Result<PacketDetail>>;
  clearCapture(): Promise<Result<null>>;
  /** All frames held (or those of one interface) as a pcapng file, transferred. */
  pcapng(query: PacketQuery): Promise<Result<Uint8Array>>;
  evidence(): Promise<Result<Evidence>>;
}
