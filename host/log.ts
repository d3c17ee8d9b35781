/**
 * What a daemon says about itself: one line an event on standard error, where systemd's journal (or the lab) picks it
 * up and adds the time. Fields must never hold a secret.
 */

/** Facts of one event, printed as `key=value`. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** A log. `warn` is for what mends itself, `error` for what needs a person. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

function renderValue(value: string | number | boolean | null): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** Writes each event with `write`, as `warn: stream ended, reconnecting attempt=3`. */
export function createLog(write: (line: string) => void): Log {
  const say =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${renderValue(value)}`);
      write(`${level}: ${event}${rest.join('')}\n`);
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}
