import { describe, expect, it } from '@jest/globals';
import { whyInstall } from './dependencies.mjs';

describe('npm ci', () => {
  const yaml = { version: '2.9.1', integrity: 'sha512-a' };
  const wanted = { '': { version: '0.1.0' }, 'node_modules/yaml': yaml };

  it('is not needed when everything that the lockfile names is installed', () => {
    expect(whyInstall(wanted, { 'node_modules/yaml': yaml })).toBeUndefined();
  });

  it('is needed when nothing is installed', () => {
    expect(whyInstall(wanted, undefined)).toBe('the npm packages are not installed yet');
  });

  it('is needed when a package is missing', () => {
    expect(whyInstall(wanted, {})).toBe('node_modules/yaml is missing');
  });

  it('is not needed for an optional package of another platform', () => {
    const darwin = { version: '1.0.0', integrity: 'sha512-b', optional: true };
    expect(whyInstall({ ...wanted, 'node_modules/darwin': darwin }, { 'node_modules/yaml': yaml })).toBeUndefined();
  });

  it('is needed when a package has another version', () => {
    expect(whyInstall(wanted, { 'node_modules/yaml': { ...yaml, version: '2.9.0' } })).toBe(
      'node_modules/yaml is 2.9.0, not 2.9.1',
    );
  });

  it('is needed when a package has the same version and other contents', () => {
    expect(whyInstall(wanted, { 'node_modules/yaml': { ...yaml, integrity: 'sha512-c' } })).toBe(
      'node_modules/yaml is another 2.9.1 than that of package-lock.json',
    );
  });

  it('is needed when a package is installed that the lockfile no longer names', () => {
    expect(whyInstall(wanted, { 'node_modules/yaml': yaml, 'node_modules/left': yaml })).toBe(
      'node_modules/left is not in package-lock.json',
    );
  });
});
