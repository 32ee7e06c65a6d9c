// Sends a request to the region that is active, by the value that the failover's button sets. Where the value can't be read
// the request goes to the primary region, whose services know by themselves whether they may still admit.
import cf from 'cloudfront';

const ORIGINS = ${origins};
const values = cf.kvs();

async function handler(event) {
    let active = '';
    try {
        active = await values.get('active-region');
    } catch (error) {
        return event.request;
    }
    if (ORIGINS[active]) {
        cf.selectRequestOriginById(ORIGINS[active]);
    }
    return event.request;
}
