/**
 * Mail when a node runs out of something or cannot be reached. What DigitalOcean measures on the droplet
 * (https://docs.digitalocean.com/products/monitoring/concepts/alert-policies/), and a ping from outside: nothing there
 * can ask a WireGuard port whether it answers.
 */
import { MonitorAlert } from '@cdktf/provider-digitalocean/lib/monitor-alert/index.js';
import { UptimeAlert } from '@cdktf/provider-digitalocean/lib/uptime-alert/index.js';
import { UptimeCheck } from '@cdktf/provider-digitalocean/lib/uptime-check/index.js';
import { Construct } from 'constructs';
import { logicalId, type NodeName, resourceName } from './resource-name.ts';

/** How long a measure is over its limit before anybody is told. */
const MEASURE_WINDOW = '10m';

/** How long a node is not reached from any continent before anybody is told. */
const DOWN_PERIOD = '2m';

/** Limits in percent, and who is told. */
export interface AlertSettings {
  /** Verified addresses of the account's team. */
  readonly email: readonly string[];
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}

/** What a node's alerts are made from. */
export interface NodeAlertsProps {
  readonly name: NodeName;
  readonly settings: AlertSettings;
  /** Id and public address of the droplet, as expressions. */
  readonly dropletId: string;
  readonly address: string;
}

/** See the file's comment. */
export class NodeAlerts extends Construct {
  constructor(scope: Construct, id: string, { name, settings, dropletId, address }: NodeAlertsProps) {
    super(scope, id);
    const { email, cpu, memory, disk } = settings;
    const called = resourceName(name);
    const measures = [
      ['cpu', 'v1/insights/droplet/cpu', cpu],
      ['memory', 'v1/insights/droplet/memory_utilization_percent', memory],
      ['disk', 'v1/insights/droplet/disk_utilization_percent', disk],
    ] as const;
    for (const [measure, type, value] of measures) {
      const alert = new MonitorAlert(this, measure, {
        description: `${called}: ${measure} above ${String(value)} %`,
        type,
        compare: 'GreaterThan',
        value,
        window: MEASURE_WINDOW,
        entities: [dropletId],
        alerts: { email: [...email] },
        enabled: true,
      });
      alert.overrideLogicalId(`${logicalId(name.node)}_${measure}`);
    }
    const check = new UptimeCheck(this, 'uptime', { name: called, type: 'ping', target: address, enabled: true });
    check.overrideLogicalId(logicalId(name.node));
    const down = new UptimeAlert(this, 'down', {
      checkId: check.id,
      name: `${called} is down`,
      type: 'down_global',
      period: DOWN_PERIOD,
      notifications: [{ email: [...email] }],
    });
    down.overrideLogicalId(logicalId(name.node));
  }
}
