/** Logs: JSON lines on stderr without PHI. Only the fields that are named here are ever written; text of requests and resources has no way in. */
import { pino, type Logger } from 'pino';

export interface LogFields {
  readonly requestId?: string;
  readonly method?: string;
  readonly interaction?: string;
  readonly status?: number;
  readonly milliseconds?: number;
  readonly fault?: string;
}

export interface Log {
  error(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
}

/** `level` is that of LOG_LEVEL; `silent` writes nothing. */
export function logger(level: string): Log {
  const log: Logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: false }),
  );
  return {
    error: (fields, message) => log.error(known(fields), message),
    info: (fields, message) => log.info(known(fields), message),
    debug: (fields, message) => {
      if (log.isLevelEnabled('debug')) log.debug(known(fields), message);
    },
  };
}

/** A literal copy: whatever else an object carries stays out of the log. */
function known({ requestId, method, interaction, status, milliseconds, fault }: LogFields): LogFields {
  return {
    requestId,
    method,
    interaction,
    status,
    milliseconds: milliseconds && Math.round(milliseconds * 100) / 100,
    fault,
  };
}
