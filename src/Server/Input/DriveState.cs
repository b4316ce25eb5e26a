namespace QemuZeroCopy.Server.Input;

/// <summary>What a page drives, and what else it could; compared to tell the page of changes only.</summary>
/// <param name="Target">Name of the Barrier client that is driven; empty for the console's own devices, or while no client is there.</param>
/// <param name="IsOwn">Whether input goes to the console's own devices.</param>
/// <param name="MayBeOwn">Whether the console's own devices can be chosen.</param>
/// <param name="Choices">The clients that can be chosen, one a line.</param>
internal sealed record DriveState(string Target, bool IsOwn, bool MayBeOwn, string Choices)
{
    /// <summary>Where there is nothing else.</summary>
    public static DriveState OwnAlone { get; } = new("", true, true, "");

    public static DriveState Of(RoutedInput route)
    {
        bool own = route.IsOwn;
        bool there = !own && route.Capabilities != InputCapabilities.None;
        return new DriveState(there ? route.Name : "", own, route.MayBeOwn, string.Join('\n', route.Choices));
    }
}
