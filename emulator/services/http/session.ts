/**
 * One HTTP/1.1 connection: request heads in, bodies past, responses out, one after the other. Follows RFC 9112 §9.3 (persistence,
 * pipelining: in order), §9.6 (close), RFC 9110 §10.1.1 (100-continue).
 *
 * Both directions are pulled: nothing is read while something waits to be sent, and a body is produced as the client takes it.
 * After a last response that the client may not have seen yet (its request was not read to the end) our side is shut and what
 * still comes is thrown away: closing at once would send a reset that destroys the response on its way.
 */
import { latin1Bytes } from '../../base/bytes.ts';
import type { HostStream } from '../../base/host-sockets.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { Pumped, Session } from '../tcp-server.ts';
import { BodyReader } from './body.ts';
import { headEnd, headTooLong, parseHead, type Request } from './request.ts';
import {
  contentLength,
  errorResponse,
  readContent,
  responseHead,
  type Content,
  type Response,
} from './response.ts';
import { planFor, uploadResponse } from './site.ts';
import { uploadLine, type UploadInProgress, type Uploads } from './uploads.ts';

/** More than `MAX_HEAD`, so that a head fits or is found too long. */
const IN = 32_768;
const OUT = 16_384;
/** Bytes moved before others get their turn. */
const PER_TURN = 262_144;
/** What a step without bytes counts for, so that empty requests end a turn too. */
const STEP_COST = 256;
/** Thrown away after the last response before the client is reset. */
const MAX_LINGER = 0x40_0000;
const MAX_REQUESTS = 1000;

export interface HttpCounters {
  requests: number;
  /** Requests that were not understood or broke a limit. */
  badRequests: number;
  /** Body bytes produced for clients. */
  bodyBytes: number;
  uploads: number;
  uploadedBytes: number;
  /** Uploads that ended before their length. */
  cutUploads: number;
}

export interface SessionOwner {
  readonly uploads: Uploads;
  readonly counters: HttpCounters;
  /** The value of the `Date` header now. */
  date(): string;
}

type Phase = 'head' | 'upload' | 'linger';

export class HttpSession implements Session {
  readonly #stream: HostStream;
  readonly #owner: SessionOwner;
  readonly #in = new ByteQueue(IN);
  readonly #out = new ByteQueue(OUT);
  #phase: Phase = 'head';
  #requests = 0;
  /** The content being sent and how much of it is in `#out` or gone; null: none. */
  #content: Content | null = null;
  #offset = 0;
  /** What follows when everything is sent. */
  #after: 'next' | 'close' | 'linger' = 'next';
  #body = new BodyReader({ kind: 'none' });
  #upload: UploadInProgress | null = null;
  #keepAlive = false;
  #lingered = 0;

  constructor(stream: HostStream, owner: SessionOwner) {
    this.#stream = stream;
    this.#owner = owner;
  }

  pump(ended: boolean): Pumped {
    for (let work = 0; work < PER_TURN;) {
      const step = this.#step(ended);
      if (typeof step !== 'number') return step;
      work += step + STEP_COST;
    }
    return 'again';
  }

  over(): void {
    if (this.#upload) {
      this.#upload.cancel();
      this.#owner.counters.cutUploads++;
    }
    this.#upload = null;
    this.#content = null;
    this.#in.clear();
    this.#out.clear();
  }

  /** The next thing to do; returns the bytes it moved, or what to wait for. */
  #step(ended: boolean): number | Pumped {
    this.#fill();
    if (this.#out.length > 0) return this.#out.writeTo(this.#stream) || 'wait';
    if (this.#after === 'close') return 'close';
    if (this.#after === 'linger') return this.#linger(ended);
    return this.#phase === 'head' ? this.#readHead(ended) : this.#readUpload(ended);
  }

  /** Content goes behind the head into the same buffer, so that they share segments. */
  #fill(): void {
    if (!this.#content) return;
    const left = contentLength(this.#content) - this.#offset;
    const length = Math.min(left, this.#out.room);
    // Not for every few bytes the stream took: a buffer half empty is worth the trouble.
    if (length < left && length < OUT / 2) return;
    // `reserve` may replace the array, so it comes first.
    const at = this.#out.reserve(length);
    readContent(this.#content, this.#offset, this.#out.bytes, at, length);
    this.#out.grow(length);
    this.#offset += length;
    this.#owner.counters.bodyBytes += length;
    if (length === left) this.#content = null;
  }

  #readHead(ended: boolean): number | Pumped {
    const got = this.#in.readFrom(this.#stream, IN);
    this.#skipBlankLines();
    const { bytes, from, to } = this.#in;
    const end = headEnd(bytes, from, to);
    if (end < 0) {
      const tooLong = headTooLong(bytes, from, to);
      if (tooLong) return this.#bad(tooLong.status, tooLong.why);
      if (got > 0) return got;
      return ended ? 'close' : 'wait';
    }
    const request = parseHead(bytes, from, end);
    this.#in.take(end - from);
    if ('status' in request) return this.#bad(request.status, request.why);
    this.#begin(request);
    return got;
  }

  /** RFC 9112 §2.2: empty lines before a request line are ignored. */
  #skipBlankLines(): void {
    const { bytes, from, to } = this.#in;
    let p = from;
    while (p < to && (bytes[p] === 10 || (bytes[p] === 13 && p + 1 < to && bytes[p + 1] === 10))) p++;
    this.#in.take(p - from);
  }

  #begin(request: Request): void {
    this.#requests++;
    this.#owner.counters.requests++;
    this.#keepAlive = request.keepAlive && this.#requests < MAX_REQUESTS;
    const plan = planFor(request, this.#owner.uploads);
    if (plan.kind === 'respond') {
      // A body nobody wants is not waited for.
      const unread = request.framing.kind !== 'none';
      this.#respond(plan.response, request.method === 'HEAD', unread);
      return;
    }
    this.#body = new BodyReader(request.framing);
    this.#upload = this.#owner.uploads.begin(plan.name);
    this.#phase = 'upload';
    if (request.expectsContinue && this.#in.length === 0)
      this.#out.push(latin1Bytes('HTTP/1.1 100 Continue\r\n\r\n'));
  }

  #readUpload(ended: boolean): number | Pumped {
    const upload = this.#upload!;
    const got = this.#body.state === 'more' ? this.#in.readFrom(this.#stream, IN) : 0;
    const { bytes, from, to } = this.#in;
    const used = this.#body.feed(bytes, from, to, (b, at, length) => {
      upload.add(b, at, length);
      this.#owner.counters.uploadedBytes += length;
    });
    this.#in.take(used);
    if (this.#body.state === 'bad-chunk') return this.#bad(400, 'not a chunk');
    if (this.#body.state === 'done') {
      this.#owner.counters.uploads++;
      this.#upload = null;
      this.#respond(uploadResponse(uploadLine(upload.finish())), false, false);
      return got;
    }
    if (got > 0) return got;
    return ended ? 'close' : 'wait';
  }

  /** The connection cannot be used after a request whose end is not known. */
  #bad(status: number, why: string): number {
    this.#owner.counters.badRequests++;
    if (this.#upload) {
      this.#upload.cancel();
      this.#owner.counters.cutUploads++;
    }
    this.#upload = null;
    this.#respond(errorResponse(status, why), false, true);
    return 0;
  }

  #respond(response: Response, headOnly: boolean, unread: boolean): void {
    const keepAlive = this.#keepAlive && !unread;
    this.#phase = 'head';
    this.#out.push(responseHead(response, this.#owner.date(), keepAlive));
    this.#content = headOnly ? null : response.content;
    this.#offset = 0;
    if (keepAlive) this.#after = 'next';
    else this.#after = unread || this.#in.length > 0 || this.#stream.available() > 0 ? 'linger' : 'close';
  }

  #linger(ended: boolean): number | Pumped {
    if (this.#phase !== 'linger') {
      this.#phase = 'linger';
      if (!this.#stream.shutdownSend()) return 'close';
    }
    this.#in.clear();
    const got = this.#in.readFrom(this.#stream, IN);
    this.#lingered += got;
    if (this.#lingered > MAX_LINGER) return 'abort';
    if (got > 0) return got;
    return ended ? 'close' : 'wait';
  }
}
