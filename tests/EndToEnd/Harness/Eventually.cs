namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>Waiting for a condition, generously: a slow machine is no failure, a state that never comes is.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks until <paramref name="probe"/> gives a value; otherwise fails with what was waited for and last seen.</summary>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T?>> probe, Func<string>? lastSeen = null, TimeSpan? patience = null)
        where T : class
    {
        DateTime deadline = DateTime.UtcNow + (patience ?? Patience);
        while (true)
        {
            if (await probe() is { } found)
                return found;
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"This never came: {what}. {lastSeen?.Invoke()}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public static Task IsTrueAsync(string what, Func<Task<bool>> probe, Func<string>? lastSeen = null, TimeSpan? patience = null) =>
        GetAsync(what, async () => await probe() ? "yes" : null, lastSeen, patience);

    public static Task IsTrueAsync(string what, Func<bool> probe, Func<string>? lastSeen = null, TimeSpan? patience = null) =>
        GetAsync(what, () => Task.FromResult(probe() ? "yes" : null), lastSeen, patience);
}
