/** Small programs that every host of a lab finds on its PATH. */
import { renderArgv } from '../host/run.ts';
import type { Argv } from './namespaces.ts';

/** `tunnelmesh`: this very program. */
export function tunnelmeshProgram(program: Argv): string {
  return `#!/bin/sh\nexec ${renderArgv(program)} "$@"\n`;
}

/**
 * `resolvconf`, which wg-quick(8) calls for `DNS =` lines: as Debian's resolvconf and openresolv do, `-a NAME` puts what
 * stands on standard input into force and `-d NAME` takes it away again. One tunnel at a time.
 */
export const RESOLVCONF_PROGRAM = `#!/bin/sh
set -e
before=/run/lab/resolv.conf.before
case "$1" in
  -a)
    [ -e "$before" ] || cp /etc/resolv.conf "$before"
    cat > /etc/resolv.conf
    ;;
  -d)
    [ ! -e "$before" ] || mv "$before" /etc/resolv.conf
    ;;
  *)
    echo "resolvconf: $1; allowed: -a NAME, -d NAME" >&2
    exit 1
    ;;
esac
`;
