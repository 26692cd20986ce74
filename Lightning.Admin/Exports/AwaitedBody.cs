namespace Lightning.Admin.Exports;

/// <summary>
/// The body of an answer that is given up where whoever reads it takes nothing for a while. Kestrel's own limit (<c>MinResponseDataRate</c>) is one of the whole: whoever has taken ten megabytes at once may
/// do nothing for half a day before it comes to fewer than 240 octets a second.
/// </summary>
/// <param name="http">The request.</param>
/// <param name="patience">How long a part may take.</param>
/// <param name="clock">The time.</param>
sealed class AwaitedBody(HttpContext http, TimeSpan patience, TimeProvider clock) : Stream
{
    /// <summary>Octets that have to be taken in that time.</summary>
    const int Part = 64 * 1024;

    /// <summary>All of it may take so many times as long, however steadily it is taken: it holds a connection, and rows that the database cannot clear away.</summary>
    const int Whole = 60;
    readonly long began = clock.GetTimestamp();
    readonly Stream body = http.Response.Body;

    /// <summary>Whether it was given up.</summary>
    public bool IsGivenUp { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (var at = 0; at < buffer.Length; at += Part) await WaitAsync(body.WriteAsync(buffer.Slice(at, Math.Min(Part, buffer.Length - at)), cancellationToken));
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken) => await WaitAsync(new(body.FlushAsync(cancellationToken)));

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    async ValueTask WaitAsync(ValueTask write)
    {
        // Nearly always there is room, and nobody to be waited for.
        if (write.IsCompleted)
        {
            await write;
            return;
        }
        var taken = write.AsTask();
        try
        {
            var left = (patience * Whole) - clock.GetElapsedTime(began);
            await taken.WaitAsync(TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, patience.Ticks)), clock);
        }
        catch (TimeoutException)
        {
            IsGivenUp = true;
            http.Abort();
            // It ends now, one way or the other, and nobody waits for it any more.
            await taken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new OperationCanceledException(http.RequestAborted);
        }
    }
}
