using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lightning.ServiceDefaults;

/// <summary>HEAD wherever GET is mapped (RFC 9110, 9.3.2). Routing alone answers 405.</summary>
static class HeadRequests
{
    static readonly object Marker = new();

    /// <summary>
    /// Adds routing, which takes HEAD for GET. Everything after it sees HEAD again; the body is discarded.
    /// </summary>
    public static void UseRoutingWithHead(this WebApplication app)
    {
        app.Use(
            (context, next) =>
            {
                if (HttpMethods.IsHead(context.Request.Method))
                {
                    context.Items[Marker] = Marker;
                    context.Request.Method = HttpMethods.Get;
                }
                return next(context);
            }
        );
        app.UseRouting();
        app.Use(
            (context, next) =>
            {
                if (!context.Items.Remove(Marker))
                    return next(context);
                context.Request.Method = HttpMethods.Head;
                return AnswerAsync(context, next);
            }
        );
    }

    /// <summary>Ends an event stream when its headers are sent: it would never end by itself.</summary>
    static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var original = context.RequestAborted;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(original);
        context.RequestAborted = stop.Token;
        var body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(new DiscardedBody(context, body, stop));
        try
        {
            await next(context);
        }
        catch (OperationCanceledException)
            when (stop.IsCancellationRequested && !original.IsCancellationRequested && context.Response.HasStarted)
        {
            // The stream was ended by DiscardedBody.
        }
        finally
        {
            context.Features.Set(body);
            context.RequestAborted = original;
        }
    }

    /// <summary>
    /// Sends the headers and discards the body. The server would abort the connection if the token of a write were
    /// canceled while it writes.
    /// </summary>
    sealed class DiscardedBody(HttpContext context, IHttpResponseBodyFeature inner, CancellationTokenSource stop)
        : IHttpResponseBodyFeature
    {
        PipeWriter? writer;

        public Stream Stream => field ??= new Sink(this);

        public PipeWriter Writer => writer ??= PipeWriter.Create(Stream, new StreamPipeWriterOptions(leaveOpen: true));

        public void DisableBuffering() => inner.DisableBuffering();

        public async Task StartAsync(CancellationToken cancellationToken = default)
        {
            await inner.StartAsync(CancellationToken.None);
            var type = context.Response.ContentType;
            if (type?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true)
                await stop.CancelAsync();
        }

        public Task SendFileAsync(
            string path,
            long offset,
            long? count,
            CancellationToken cancellationToken = default
        ) => StartAsync(cancellationToken);

        public async Task CompleteAsync()
        {
            if (writer is not null)
                await writer.CompleteAsync();
            await inner.CompleteAsync();
        }

        sealed class Sink(DiscardedBody body) : Stream
        {
            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => throw new NotSupportedException();
                set => throw new NotSupportedException();
            }

            public override void Flush() { }

            public override Task FlushAsync(CancellationToken cancellationToken) => body.StartAsync(cancellationToken);

            public override void Write(byte[] buffer, int offset, int count) { }

            public override Task WriteAsync(
                byte[] buffer,
                int offset,
                int count,
                CancellationToken cancellationToken
            ) => body.StartAsync(cancellationToken);

            public override ValueTask WriteAsync(
                ReadOnlyMemory<byte> buffer,
                CancellationToken cancellationToken = default
            ) => new(body.StartAsync(cancellationToken));

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }
    }
}
