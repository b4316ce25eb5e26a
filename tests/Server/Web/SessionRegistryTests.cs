using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class SessionRegistryTests
{
    private readonly RecordingSink _sink = new();

    [Theory]
    [InlineData(ControlRule.All, true, true, true)]
    [InlineData(ControlRule.First, true, false, false)]
    [InlineData(ControlRule.Last, false, false, true)]
    internal void The_rule_says_who_drives(ControlRule rule, bool first, bool second, bool third)
    {
        var registry = new SessionRegistry(rule);
        using ViewerInput a = Join(registry, out string nameOfA), b = Join(registry, out _), c = Join(registry, out _);
        Assert.Equal((first, second, third), (a.Allowed, b.Allowed, c.Allowed));
        Assert.Same(a, registry.Find(nameOfA));
        registry.Remove(nameOfA);
        Assert.Null(registry.Find(nameOfA));
        Assert.Equal(rule == ControlRule.Last ? (false, true) : (true, rule == ControlRule.All), (b.Allowed, c.Allowed));
    }

    [Theory]
    [InlineData(ControlRule.All)]
    [InlineData(ControlRule.First)]
    [InlineData(ControlRule.Last)]
    internal void Who_may_only_watch_never_drives(ControlRule rule)
    {
        var registry = new SessionRegistry(rule);
        using ViewerInput watcher = Join(registry, out _, mayControl: false), driver = Join(registry, out _), late = Join(registry, out _, mayControl: false);
        Assert.Equal((false, true, false), (watcher.Allowed, driver.Allowed, late.Allowed));
        watcher.Apply([1, 1, 0, 4, .. "KeyA"u8]);
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void Who_loses_control_lets_go()
    {
        var registry = new SessionRegistry(ControlRule.Last);
        using ViewerInput first = Join(registry, out _);
        first.Apply([1, 1, 0, 4, .. "KeyA"u8]);
        using ViewerInput second = Join(registry, out _);
        first.Apply([1, 1, 0, 4, .. "KeyB"u8]);
        Assert.Equal(["key KeyA Down '' None", "key KeyA Up '' None"], _sink.Drain());
    }

    private ViewerInput Join(SessionRegistry registry, out string name, bool mayControl = true)
    {
        var input = new ViewerInput(_sink, () => null);
        name = registry.Add(input, mayControl);
        return input;
    }
}
