// SPDX-License-Identifier: MIT
// Plugs simulated by the npm package tplink-smarthome-simulator, each on a free port of 127.0.0.1.
//   KASA_SIM_MODULES=FOLDER/package.json node start.mjs
// Says one JSON line a plug, then READY. Lines on standard input change them:
//   {"dev":"kp115","power":87.5}  {"dev":"hs300","child":2,"power":55}  {"dev":"hs110","delay":500}
// Ends with the process that started it.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const require = createRequire(process.env.KASA_SIM_MODULES ?? import.meta.url);
const { Device } = require('tplink-smarthome-simulator');

const say = (what) => console.log(JSON.stringify(what));

const wanted = {
  hs110: { model: 'hs110', alias: 'Old meter', mac: '50:c7:bf:00:00:01' },
  hs110v2: { model: 'hs110v2', alias: 'New meter', mac: '50:c7:bf:00:00:02' },
  kp115: { model: 'hs110v2', alias: 'Rad battery', mac: '54:af:97:00:00:03' },
  hs300: { model: 'hs300', alias: 'Garage strip', mac: 'c0:06:c3:00:00:04' },
  hs100: { model: 'hs100', alias: 'No meter', mac: '50:c7:bf:00:00:05' },
};

// The package knows no KP115; an HS110 of hardware 2 differs in these only.
function dress_as_kp115(device) {
  const { sysinfo } = device.data.system;
  Object.assign(sysinfo, {
    model: 'KP115(US)', hw_ver: '1.0', sw_ver: '1.0.21 Build 231129 Rel.171238',
    dev_name: 'Smart Wi-Fi Plug Mini', mic_type: 'IOT.SMARTPLUGSWITCH', feature: 'TIM:ENE',
    ntc_state: 0, status: 'new',
  });
  delete sysinfo.type;
}

const devices = {};
for (const [name, { model, alias, mac }] of Object.entries(wanted)) {
  const deviceId = mac.replaceAll(':', '').toUpperCase().padEnd(40, '0');
  const device = new Device({ model, alias, address: '127.0.0.1', port: 0, data: { mac, deviceId } });
  if (name === 'kp115') dress_as_kp115(device);
  device.children?.forEach((child, i) => { child.sysinfo.alias = `Socket ${i + 1}`; });
  // Without a listener a client that resets its connection ends the process.
  device.deviceNetworking.on('error', (error) => say({ dev: name, error: String(error) }));
  await device.start();
  devices[name] = device;
  say({ dev: name, port: device.port });
}

function meter_of(device, child) {
  return child === undefined ? device.data.emeter.realtime : device.children[child].emeter.realtime;
}

function change({ dev, child, power, total, delay }) {
  const device = devices[dev];
  if (power !== undefined) {
    const meter = meter_of(device, child);
    meter.power = power;
    meter.current = power / meter.voltage;
  }
  if (total !== undefined) meter_of(device, child).total = total;
  if (delay !== undefined) device.deviceNetworking.responseDelay = delay;
}

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  try {
    change(JSON.parse(line));
    say({ ok: line });
  } catch (error) {
    say({ error: String(error) });
  }
});
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 1000);
console.log('READY');
