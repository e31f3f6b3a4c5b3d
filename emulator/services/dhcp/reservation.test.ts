import { describe, expect, it } from 'vitest';
import { ipv4, mac } from '../../base/address.ts';
import { Leases } from './leases.ts';

const pool = { first: ipv4('192.168.76.100'), last: ipv4('192.168.76.102') };
const beta = mac('00:1b:78:0a:00:20');
const client = 'mac:00:1b:78:0a:00:20';

describe('a reserved address', () => {
  it('goes to its card, whatever it asks for, and to nobody else', () => {
    const leases = new Leases(pool, [{ mac: beta, address: ipv4('192.168.76.20') }]);
    expect(leases.choose(client, ipv4('192.168.76.101'), 0)).toBe(ipv4('192.168.76.20'));
    expect(leases.choose('mac:other', ipv4('192.168.76.20'), 0)).toBe(pool.first);
    expect(leases.isFree(ipv4('192.168.76.20'), 'mac:other', 0)).toBe(false);
    expect(leases.contains(ipv4('192.168.76.20'))).toBe(true);
    expect(leases.contains(ipv4('192.168.76.21'))).toBe(false);
  });

  it('inside the pool is passed over for others', () => {
    const leases = new Leases(pool, [{ mac: beta, address: pool.first }]);
    expect(leases.choose('mac:other', null, 0)).toBe(ipv4('192.168.76.101'));
    expect(leases.choose(client, null, 0)).toBe(pool.first);
  });
});
