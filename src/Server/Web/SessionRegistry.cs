using System.Collections.Concurrent;
using System.Security.Cryptography;
using QemuZeroCopy.Server.Input;

namespace QemuZeroCopy.Server.Web;

/// <summary>The pages' sessions by their names, so that a media connection finds the session that it belongs to.</summary>
internal sealed class SessionRegistry
{
    private readonly ConcurrentDictionary<string, ViewerInput> _inputs = new();

    /// <summary>Sessions that are open.</summary>
    public int Count => _inputs.Count;

    /// <summary>Adds a session under a new, unguessable name.</summary>
    public string Add(ViewerInput input)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _inputs[id] = input;
        return id;
    }

    public void Remove(string id) => _inputs.TryRemove(id, out _);

    /// <summary>The input of the session of that name; null where there is none.</summary>
    public ViewerInput? Find(string id) => _inputs.GetValueOrDefault(id);
}
