/** A proxy that hands everything on but for what it is told to spoil: so each way in which a server can be wrong can be tried on a right one. */
import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export interface Answered {
  status: number;
  headers: Record<string, string | readonly string[]>;
  text: string;
}

/** Changes the answer in place, or gives another one. */
export type Spoil = (asked: Asked, answer: Answered) => void;

export interface Spoiler {
  readonly port: number;
  /** where the server is that it stands before */
  to: number;
  spoil: Spoil | undefined;
  /** the address that it says that requests come from */
  from: string;
  stop(): Promise<void>;
}

/** In PEM; the spoiler then speaks https. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export async function startSpoiler(certificate?: Certificate): Promise<Spoiler> {
  const handOn: RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const url = new URL(incoming.url!, 'http://x');
      const { 'accept-encoding': _encoding, ...sent } = incoming.headers;
      const headers = { ...sent, 'x-forwarded-for': spoiler.from };
      const asked: Asked = {
        method: incoming.method!,
        path: url.pathname,
        query: url.searchParams,
        form: new URLSearchParams(body.toString()),
        headers,
      };
      const options = {
        host: '127.0.0.1',
        port: spoiler.to,
        path: incoming.url,
        method: incoming.method,
        headers,
      };
      forward(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const {
            'transfer-encoding': _framing,
            'content-length': _length,
            connection: _connection,
            ...kept
          } = answer.headers;
          const answered: Answered = {
            status: answer.statusCode!,
            headers: Object.fromEntries(
              Object.entries(kept).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
            ),
            text: Buffer.concat(parts).toString(),
          };
          spoiler.spoil?.(asked, answered);
          response.sendDate = false;
          for (const [name, value] of Object.entries(answered.headers)) response.setHeader(name, value);
          response.statusCode = answered.status;
          response.end(incoming.method === 'HEAD' ? undefined : answered.text);
        });
      })
        .on('error', () => response.writeHead(502).end())
        .end(body);
    });
  };
  const server: Server = certificate ? createSecureServer(certificate, handOn) : createServer(handOn);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const spoiler: Spoiler = {
    port: (server.address() as AddressInfo).port,
    to: 0,
    spoil: undefined,
    from: '192.0.2.1',
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return spoiler;
}
