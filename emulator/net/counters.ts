/** Counters of a simulated kernel; names as `nstat` prints them (RFC 4293, 4022, 4113 and Linux's extensions). Plain data. */
export interface NetCounters {
  IpInReceives: number;
  IpInHdrErrors: number;
  IpInAddrErrors: number;
  IpInUnknownProtos: number;
  IpInDelivers: number;
  IpOutRequests: number;
  IpOutNoRoutes: number;
  IpReasmReqds: number;
  IpReasmOKs: number;
  IpReasmFails: number;
  IpReasmTimeout: number;
  IpFragOKs: number;
  IpFragFails: number;
  IpFragCreates: number;
  IcmpInMsgs: number;
  IcmpInErrors: number;
  IcmpInCsumErrors: number;
  IcmpInEchos: number;
  IcmpInEchoReps: number;
  IcmpInDestUnreachs: number;
  IcmpInTimeExcds: number;
  IcmpOutMsgs: number;
  IcmpOutEchos: number;
  IcmpOutEchoReps: number;
  IcmpOutDestUnreachs: number;
  TcpActiveOpens: number;
  TcpPassiveOpens: number;
  TcpAttemptFails: number;
  TcpEstabResets: number;
  TcpInSegs: number;
  TcpOutSegs: number;
  TcpRetransSegs: number;
  TcpInErrs: number;
  TcpInCsumErrors: number;
  TcpOutRsts: number;
  TcpExtListenOverflows: number;
  UdpInDatagrams: number;
  UdpNoPorts: number;
  UdpInErrors: number;
  UdpInCsumErrors: number;
  UdpRcvbufErrors: number;
  UdpOutDatagrams: number;
  ArpRequestsSent: number;
  ArpRepliesSent: number;
  ArpFailed: number;
}

export function netCounters(): NetCounters {
  return {
    IpInReceives: 0,
    IpInHdrErrors: 0,
    IpInAddrErrors: 0,
    IpInUnknownProtos: 0,
    IpInDelivers: 0,
    IpOutRequests: 0,
    IpOutNoRoutes: 0,
    IpReasmReqds: 0,
    IpReasmOKs: 0,
    IpReasmFails: 0,
    IpReasmTimeout: 0,
    IpFragOKs: 0,
    IpFragFails: 0,
    IpFragCreates: 0,
    IcmpInMsgs: 0,
    IcmpInErrors: 0,
    IcmpInCsumErrors: 0,
    IcmpInEchos: 0,
    IcmpInEchoReps: 0,
    IcmpInDestUnreachs: 0,
    IcmpInTimeExcds: 0,
    IcmpOutMsgs: 0,
    IcmpOutEchos: 0,
    IcmpOutEchoReps: 0,
    IcmpOutDestUnreachs: 0,
    TcpActiveOpens: 0,
    TcpPassiveOpens: 0,
    TcpAttemptFails: 0,
    TcpEstabResets: 0,
    TcpInSegs: 0,
    TcpOutSegs: 0,
    TcpRetransSegs: 0,
    TcpInErrs: 0,
    TcpInCsumErrors: 0,
    TcpOutRsts: 0,
    TcpExtListenOverflows: 0,
    UdpInDatagrams: 0,
    UdpNoPorts: 0,
    UdpInErrors: 0,
    UdpInCsumErrors: 0,
    UdpRcvbufErrors: 0,
    UdpOutDatagrams: 0,
    ArpRequestsSent: 0,
    ArpRepliesSent: 0,
    ArpFailed: 0,
  };
}

/** Frames that went nowhere, by reason. */
export interface NetDrops {
  /** Shorter than its headers say, or another EtherType. */
  malformed: number;
  otherHost: number;
  unknownType: number;
  /** A source that cannot be one (ours, broadcast, loopback). */
  martian: number;
  /** The received-frame queue (netdev_max_backlog) was full. */
  backlogFull: number;
  /** The interface's queue (txqueuelen) was full. */
  txQueueFull: number;
  /** More than three packets waited for one neighbour; the oldest goes. */
  neighbourQueueFull: number;
  neighbourTableFull: number;
}

export function netDrops(): NetDrops {
  return {
    malformed: 0,
    otherHost: 0,
    unknownType: 0,
    martian: 0,
    backlogFull: 0,
    txQueueFull: 0,
    neighbourQueueFull: 0,
    neighbourTableFull: 0,
  };
}
