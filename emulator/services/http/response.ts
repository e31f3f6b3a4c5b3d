/** A response as plain data, and its head as bytes. Follows RFC 9110 §6, §8.6, §15; RFC 9112 §4. */
import { latin1Bytes } from '../../base/bytes.ts';
import { generatedBytes } from './generated.ts';

/** What a body is made of; produced piece by piece as the client takes it. */
export type Content =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bytes `from` to `to` of the generated file `name`. */
  | { readonly kind: 'generated'; readonly name: string; readonly from: number; readonly to: number };

export interface Response {
  readonly status: number;
  /** Beside those `responseHead` adds. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly content: Content;
}

export const contentLength = (c: Content): number => (c.kind === 'bytes' ? c.bytes.length : c.to - c.from);

/** Writes bytes `offset` to `offset + length` of the content into `into` at `at`; the caller stays within `contentLength`. */
export function readContent(c: Content, offset: number, into: Uint8Array, at: number, length: number): void {
  if (c.kind === 'generated') generatedBytes(c.name, c.from + offset, into, at, length);
  else into.set(c.bytes.subarray(offset, offset + length), at);
}

/** A small body of text. */
export function textResponse(
  status: number,
  text: string,
  headers: Response['headers'] = [],
  type = 'text/plain',
): Response {
  return {
    status,
    headers: [['Content-Type', type], ...headers],
    content: { kind: 'bytes', bytes: latin1Bytes(text) },
  };
}

/** An error with its reason phrase and one line that says why. */
export const errorResponse = (status: number, why: string, headers: Response['headers'] = []): Response =>
  textResponse(status, `${status} ${REASONS[status] ?? ''}: ${why}\n`, headers);

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  206: 'Partial Content',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

/** The head of `response` with `Date`, `Server`, `Content-Length` and `Connection`, blank line included. */
export function responseHead(response: Response, date: string, keepAlive: boolean): Uint8Array {
  const lines = [
    `HTTP/1.1 ${response.status} ${REASONS[response.status] ?? ''}`,
    `Date: ${date}`,
    'Server: Tapline',
    ...response.headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${contentLength(response.content)}`,
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ];
  return latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`);
}
