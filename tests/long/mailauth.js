// What mailauth makes of messages: mailauth.js ZONE.json FILE.json, a line of
// JSON for each.  ZONE has "name TYPE": [records]; FILE a list of { file, ip,
// helo, sender }.
'use strict';
const fs = require('fs');
const { authenticate } = require('mailauth');
const zone = JSON.parse(fs.readFileSync(process.argv[2]));
const files = JSON.parse(fs.readFileSync(process.argv[3]));

const resolver = async (name, type) => {
	const have = zone[name.toLowerCase() + ' ' + type];
	if (have !== undefined)
		return have;
	const e = new Error('no such name');
	e.code = 'ENOTFOUND';
	throw e;
};

(async () => {
	for (const f of files) {
		const r = await authenticate(fs.readFileSync(f.file), {
			ip: f.ip, helo: f.helo, sender: f.sender, mta: 'mx.test',
			resolver });
		console.log(JSON.stringify({
			dkim: r.dkim.results.map(x => ({ result: x.status.result,
				domain: x.signingDomain,
				why: x.status.comment })),
			spf: r.spf.status.result, dmarc: r.dmarc.status.result,
			arc: r.arc.status.result }));
	}
})();
