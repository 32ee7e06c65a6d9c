// The site's addresses. The bucket's own answer to what is not there would be an error page of S3, and CloudFront's error
// pages would take the place of the services' answers too; so what is not there is answered here.
var FILES = ${files};
var NOT_FOUND = ${not_found};

function handler(event) {
    var request = event.request;
    var path = request.uri.endsWith('/') ? request.uri + 'index.html' : request.uri;
    if (FILES.indexOf(path.slice(1)) < 0) {
        path += '.html';
    }
    if (FILES.indexOf(path.slice(1)) < 0) {
        return {
            statusCode: 404,
            statusDescription: 'Not Found',
            headers: {
                'content-type': { value: 'text/html; charset=utf-8' },
                'content-security-policy': { value: ${policy} },
                'cache-control': { value: 'no-store' },
            },
            body: NOT_FOUND,
        };
    }
    request.uri = path;
    return request;
}
