import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type CloudInit, renderCloudInit } from './cloud-init.ts';

const REFERENCE = '${TfToken[TOKEN.12]}';

const line = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '---',
    '...',
    '#cloud-config',
    '- a: b',
    "'",
    '"',
    '\\',
    '\t',
    '  indented',
    '{{jinja}}',
    'yes',
    '1:30',
    '0o7',
    REFERENCE,
  ),
);
const content = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
const document: fc.Arbitrary<CloudInit> = fc.record({
  files: fc.array(fc.record({ path: fc.constant('/etc/x'), mode: fc.constantFrom('0600', '0755'), content })),
  commands: fc.array(fc.array(line, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
});

describe('a cloud-init document', () => {
  it('begins with the line by which cloud-init knows it', () => {
    expect(renderCloudInit({ files: [], commands: [] })).toMatch(/^#cloud-config\n/);
  });

  it('gives back every file and command as it was, whatever they hold', () => {
    fc.assert(
      fc.property(document, (original) => {
        expect(parse(renderCloudInit(original), { version: '1.1' })).toEqual({
          ssh_pwauth: false,
          write_files: original.files.map((file) => ({
            path: file.path,
            owner: 'root:root',
            permissions: file.mode,
            content: file.content,
          })),
          runcmd: original.commands,
        });
      }),
    );
  });

  it('writes permissions as strings, which YAML 1.1 would otherwise read as octal numbers', () => {
    const text = renderCloudInit({ files: [{ path: '/a', mode: '0600', content: '' }], commands: [] });
    expect(parse(text, { version: '1.1' })).toMatchObject({ write_files: [{ permissions: '0600' }] });
  });

  it('keeps a reference whole and on one line, however long the line', () => {
    const text = `${'word '.repeat(200)}${REFERENCE}${' word'.repeat(200)}`;
    expect(renderCloudInit({ files: [{ path: '/a', mode: '0600', content: text }], commands: [] })).toContain(text);
  });
});
