namespace Aspire.Hosting.Running;

/// <summary>Lets one process at a time do what two would spoil. Disposing of the stream lets go, and so does the end of the process.</summary>
static class FileLock
{
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    public static FileStream Take(string path)
    {
        FileStream? taken;
        while ((taken = Try(path)) is null) Thread.Sleep(s_pause);
        return taken;
    }

    public static async Task<FileStream> TakeAsync(string path, CancellationToken cancellationToken)
    {
        FileStream? taken;
        while ((taken = Try(path)) is null) await Task.Delay(s_pause, cancellationToken);
        return taken;
    }

    // .NET asks the operating system for a lock when nobody else may share the file, but never waits for it.
    static FileStream? Try(string path)
    {
        const int wouldBlockOnLinux = 11, wouldBlockOnMacOs = 35;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == (OperatingSystem.IsMacOS() ? wouldBlockOnMacOs : wouldBlockOnLinux))
        {
            return null;
        }
    }
}
