using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.Dashboard.Otlp;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>Takes telemetry by OTLP over HTTP, as protobuf, from whoever has the key.</summary>
sealed class OtlpReceiver(TelemetryStore store, string key)
{
    const int Longest = 16 << 20;
    readonly byte[] _key = SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public async Task ReceiveAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = await AnswerAsync(context.Request, context.RequestAborted);
        // The answer is an empty message, which has no bytes.
        if (response.StatusCode == StatusCodes.Status200OK) response.ContentType = "application/x-protobuf";
    }

    async Task<int> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        Action<CodedInputStream>? add = request.Path.Value switch
        {
            "/v1/logs" => body => store.Logs.Add(ExportLogs.Parser.ParseFrom(body)),
            "/v1/traces" => body => store.Traces.Add(ExportTraces.Parser.ParseFrom(body)),
            "/v1/metrics" => body => store.Metrics.Add(ExportMetrics.Parser.ParseFrom(body)),
            _ => null
        };
        if (add is null) return StatusCodes.Status404NotFound;
        if (!HttpMethods.IsPost(request.Method)) return StatusCodes.Status405MethodNotAllowed;
        if (!HasKey(request)) return StatusCodes.Status401Unauthorized;
        if (request.ContentType != "application/x-protobuf") return StatusCodes.Status415UnsupportedMediaType;
        try
        {
            if (await ReadAsync(request, cancellationToken) is not { } body) return StatusCodes.Status413PayloadTooLarge;
            add(new CodedInputStream(body));
            return StatusCodes.Status200OK;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException)
        {
            return StatusCodes.Status400BadRequest;
        }
    }

    bool HasKey(HttpRequest request) =>
        CryptographicOperations.FixedTimeEquals(_key, SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers["x-otlp-api-key"].ToString())));

    static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = request.Headers.ContentEncoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body;
        using var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (read.Length + count > Longest) return null;
            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }
}
