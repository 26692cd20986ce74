namespace Lightning.Admin.Engine.Exports;

/// <summary>
/// A response body that aborts the request if the client stops reading. Kestrel's own limit
/// (<c>MinResponseDataRate</c>) averages over the whole response: a client that has read ten megabytes could then pause
/// for half a day.
/// </summary>
/// <param name="http">The request.</param>
/// <param name="timeout">The timeout for each part.</param>
/// <param name="clock">The clock.</param>
sealed class TimeoutStream(HttpContext http, TimeSpan timeout, TimeProvider clock) : Stream
{
    /// <summary>The size of a part in bytes.</summary>
    const int PartSize = 64 * 1024;

    /// <summary>
    /// The total timeout as a multiple of the timeout for each part: an export holds a connection and keeps Postgres
    /// from vacuuming, however steadily it is read.
    /// </summary>
    const int TotalFactor = 60;
    readonly long began = clock.GetTimestamp();
    readonly Stream body = http.Response.Body;

    /// <summary>Whether the response was aborted.</summary>
    public bool IsAborted { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        for (var at = 0; at < buffer.Length; at += PartSize)
            await WaitAsync(
                body.WriteAsync(buffer.Slice(at, Math.Min(PartSize, buffer.Length - at)), cancellationToken)
            );
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken) =>
        await WaitAsync(new(body.FlushAsync(cancellationToken)));

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    async ValueTask WaitAsync(ValueTask write)
    {
        // The write almost always completes at once.
        if (write.IsCompleted)
        {
            await write;
            return;
        }
        var taken = write.AsTask();
        try
        {
            var left = (timeout * TotalFactor) - clock.GetElapsedTime(began);
            await taken.WaitAsync(TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, timeout.Ticks)), clock);
        }
        catch (TimeoutException)
        {
            IsAborted = true;
            http.Abort();
            // Observe the aborted write's exception.
            await taken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new OperationCanceledException(http.RequestAborted);
        }
    }
}
