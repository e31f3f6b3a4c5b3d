import { describe, expect, it } from 'vitest';
import { latin1Bytes } from './bytes.ts';
import { Sha256, sha256Hex, type Sha256State } from './sha256.ts';

describe('SHA-256', () => {
  // The examples NIST publishes with FIPS 180-4, and its empty message of the CAVP short-message vectors.
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
  ])('hashes %j as NIST says', (text, digest) => {
    expect(sha256Hex(latin1Bytes(text))).toBe(digest);
  });

  it('hashes a million times "a" as NIST says', () => {
    const hash = new Sha256();
    const part = latin1Bytes('a'.repeat(1000));
    for (let i = 0; i < 1000; i++) hash.update(part);
    expect(hash.hex()).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  });

  it('goes on after a digest, and after its state went through plain data', () => {
    const bytes = latin1Bytes(
      'what was sent before and what was sent after the snapshot, over one block long',
    );
    const first = new Sha256().update(bytes, 0, 70);
    first.digest();
    const second = new Sha256();
    second.restore(JSON.parse(JSON.stringify(first.save())) as Sha256State);
    expect(second.update(bytes, 70).hex()).toBe(sha256Hex(bytes));
    expect(second.length).toBe(bytes.length);
  });

  it('restores into a used hash without a trace of what it held', () => {
    const used = new Sha256().update(latin1Bytes('x'.repeat(63)));
    used.restore(new Sha256().save());
    expect(used.hex()).toBe(sha256Hex(new Uint8Array(0)));
  });
});
