/** A certificate for localhost, made for a test by openssl and trusted by nobody else. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from './spoiler.ts';

export interface Made extends Certificate {
  /** path of the certificate, for NODE_EXTRA_CA_CERTS */
  readonly file: string;
}

/** `days`: how long it is good for, from now. */
export function certificateFor(folder: string, days: number): Made {
  const [keyFile, file] = [join(folder, `key-${days}.pem`), join(folder, `certificate-${days}.pem`)];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', file, '-days', String(days), ...subject], {
    stdio: 'ignore',
  });
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8'), file };
}
