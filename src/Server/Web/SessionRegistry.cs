using System.Security.Cryptography;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The pages' sessions by their names, so that a media connection finds the session that it belongs to; and
/// the rule by which one of them drives.
/// </summary>
internal sealed class SessionRegistry(ControlRule rule = ControlRule.All)
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private ViewerInput? _speaker;

    /// <summary>Raised when a session comes or goes.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>Sessions that are open.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    /// <summary>The session whose microphone the guest hears; null for none.</summary>
    public ViewerInput? Speaker
    {
        get => Volatile.Read(ref _speaker);
        set
        {
            if (Interlocked.Exchange(ref _speaker, value) != value)
                Changed.Raise();
        }
    }

    /// <summary>Adds a session under a new, unguessable name. One that may not control only watches, whatever the rule.</summary>
    public string Add(ViewerInput input, bool mayControl)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        lock (_gate)
        {
            _entries.Add(new Entry(id, input, mayControl));
            ApplyRule();
        }

        Changed.Raise();
        return id;
    }

    public void Remove(string id)
    {
        lock (_gate)
        {
            _entries.RemoveAll(e => e.Id == id);
            ApplyRule();
        }

        Changed.Raise();
    }

    /// <summary>The input of the session of that name; null where there is none.</summary>
    public ViewerInput? Find(string id)
    {
        lock (_gate)
            return _entries.Find(e => e.Id == id)?.Input;
    }

    /// <summary>Whether the session of that name is there and may ever drive.</summary>
    public bool MayControl(string id)
    {
        lock (_gate)
            return _entries.Exists(e => e.Id == id && e.MayControl);
    }

    private void ApplyRule()
    {
        Entry? chosen = rule switch
        {
            ControlRule.First => _entries.Find(e => e.MayControl),
            ControlRule.Last => _entries.FindLast(e => e.MayControl),
            _ => null,
        };
        foreach (Entry entry in _entries)
        {
            bool allowed = entry.MayControl && (rule == ControlRule.All || entry == chosen);
            if (entry.Input.Allowed != allowed)
                entry.Input.Allowed = allowed;
        }
    }

    private sealed record Entry(string Id, ViewerInput Input, bool MayControl);
}
