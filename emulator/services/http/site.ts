/**
 * What the server has to give: an index, generated files of any size, uploads with their hashes. A request head in, a plan out.
 * Follows RFC 9110 §9.3 (methods), §14 (ranges), §15.
 */
import { generatedSize } from './generated.ts';
import { parseRange } from './range.ts';
import type { Request } from './request.ts';
import { errorResponse, textResponse, type Response } from './response.ts';
import { isUploadName, uploadLine, type Uploads } from './uploads.ts';

/** `respond`: now, whatever body comes. `upload`: the body is the upload; its end is answered. */
export type Plan =
  | { readonly kind: 'respond'; readonly response: Response }
  | { readonly kind: 'upload'; readonly name: string };

const READING = ['GET', 'HEAD'];
const METHODS = [...READING, 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT'];
const UPLOAD = '/upload/';

const INDEX = `<!DOCTYPE html>
<html lang="en">
<title>filer</title>
<h1>filer</h1>
<p>Files are made from their names: <code>/SIZE.bin</code>, where SIZE is a number of bytes, or of binary units with K
(2<sup>10</sup>), M (2<sup>20</sup>) or G (2<sup>30</sup>), up to 16G. The same name gives the same bytes every time.</p>
<ul>
<li><a href="/64K.bin">64K.bin</a>
<li><a href="/1M.bin">1M.bin</a>
<li><a href="/5M.bin">5M.bin</a>
<li><a href="/20M.bin">20M.bin</a>
<li><a href="/1G.bin">1G.bin</a>
</ul>
<p>POST or PUT to <code>/upload/NAME</code> answers with the length and SHA-256 of what came; so does
<code>/upload/NAME.sha256</code> afterwards. <a href="/upload/">All uploads</a></p>
</html>
`;

export function planFor(request: Request, uploads: Uploads): Plan {
  const { method, path } = request;
  if (!METHODS.includes(method)) return respond(errorResponse(501, 'unknown method'));
  if (path.startsWith(UPLOAD)) return planUpload(method, path.slice(UPLOAD.length), uploads);
  const response = path === '/' || path === '/index.html' ? index() : file(request, path.slice(1));
  if (response.status === 404 || READING.includes(method)) return respond(response);
  return notAllowed(READING);
}

/** The answer to an upload that has come in whole, and to the question for its hash. */
export const uploadResponse = (line: string): Response => textResponse(200, line);

const respond = (response: Response): Plan => ({ kind: 'respond', response });

const index = (): Response => textResponse(200, INDEX, [], 'text/html');

function notAllowed(allowed: readonly string[]): Plan {
  const allow = allowed.join(', ');
  return respond(errorResponse(405, `only ${allow} here`, [['Allow', allow]]));
}

function file(request: Request, name: string): Response {
  const size = generatedSize(name);
  if (size === null) return errorResponse(404, 'no such file; / lists what there is');
  const type = ['Content-Type', 'application/octet-stream'] as const;
  const ranges = ['Accept-Ranges', 'bytes'] as const;
  const whole: Response = {
    status: 200,
    headers: [type, ranges],
    content: { kind: 'generated', name, from: 0, to: size },
  };
  const asked = request.headers.get('range');
  // Without a validator no If-Range can match, and then the whole is sent (RFC 9110 §13.1.5). Ranges are for GET alone (§14.2).
  if (asked === undefined || request.method !== 'GET' || request.headers.has('if-range')) return whole;
  const range = parseRange(asked, size);
  if (range === null) return whole;
  if (range === 'unsatisfiable')
    return errorResponse(416, `the file has ${size} bytes`, [['Content-Range', `bytes */${size}`]]);
  return {
    status: 206,
    headers: [type, ranges, ['Content-Range', `bytes ${range.from}-${range.to - 1}/${size}`]],
    content: { kind: 'generated', name, ...range },
  };
}

function planUpload(method: string, name: string, uploads: Uploads): Plan {
  if (method === 'POST' || method === 'PUT')
    return isUploadName(name)
      ? { kind: 'upload', name }
      : respond(
          errorResponse(400, 'a name is 1 to 64 letters, digits and . _ -, and does not end in .sha256'),
        );
  if (!READING.includes(method)) return notAllowed([...READING, 'POST', 'PUT']);
  if (name === '') return respond(textResponse(200, uploads.list().map(uploadLine).join('')));
  const hashed = name.endsWith('.sha256') ? uploads.get(name.slice(0, -7)) : undefined;
  if (hashed) return respond(uploadResponse(uploadLine(hashed)));
  const upload = uploads.get(name);
  if (!upload) return respond(errorResponse(404, 'no such upload'));
  if (!upload.content) return respond(errorResponse(404, 'only its length and hash were kept, see .sha256'));
  const headers = [['Content-Type', 'application/octet-stream']] as const;
  return respond({ status: 200, headers, content: { kind: 'bytes', bytes: upload.content } });
}
