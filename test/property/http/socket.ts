/** Bytes over a bare socket, as no HTTP client would send them. https://www.rfc-editor.org/rfc/rfc9112 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Heard {
  readonly text: string;
  /** whether the server closed the connection */
  readonly closed: boolean;
}

/** Sends the pieces one after the other and listens until the server closes or `patience` ms have passed without a byte. */
export function talk(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  { patience = 1000, pause = 0 }: { readonly patience?: number; readonly pause?: number } = {},
): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    let timer = setTimeout(() => finish(false), patience);
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString('latin1'), closed });
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(() => finish(false), patience);
    });
    socket.on('close', () => finish(true));
    socket.on('error', () => finish(true));
    socket.on('connect', () => void sendAll(socket, pieces, pause));
  });
}

async function sendAll(
  socket: Socket,
  pieces: readonly (string | Uint8Array)[],
  pause: number,
): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (pause > 0) await sleep(pause);
  }
}

/** Sends bytes, waits a moment, and goes away without listening. */
export async function sendAndLeave(port: number, bytes: string, stay: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(bytes);
  await sleep(stay);
  socket.destroy();
}

/** The status codes of the answers in a text, in their order. */
export const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
