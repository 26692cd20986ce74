namespace Aspire.Hosting.Running;

/// <summary>Runs a program that prepares a resource, such as npm or initdb.</summary>
static class Tool
{
    /// <summary>Runs it to its end; a failure is told with its last words.</summary>
    public static async Task RunAsync(string who, LaunchPlan plan, LaunchContext context)
    {
        var said = new List<string>();
        using var child = Child.Start(plan, ProcessEnvironment.Inherited(), line =>
        {
            lock (said) said.Add(line.Text);
            context.Output(line);
        });
        await using var stop = context.CancellationToken.Register(child.Stop);
        var code = await child.Exit;
        context.CancellationToken.ThrowIfCancellationRequested();
        if (code == 0) return;

        string[] words;
        lock (said) words = [.. said.Where(line => !string.IsNullOrWhiteSpace(line) && !line.Contains("A complete log of this run", StringComparison.Ordinal)).TakeLast(4)];
        throw new DistributedApplicationException(
            $"`{Path.GetFileName(plan.FileName)} {string.Join(' ', plan.Arguments.Take(1))}` for '{who}' in {plan.WorkingDirectory} failed with exit code {code}: {string.Join(" | ", words)}");
    }
}
