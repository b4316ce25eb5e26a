using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>Why media could not be set up, or that it was.</summary>
internal enum MediaOutcome
{
    Accepted,

    /// <summary>The offer is not SDP.</summary>
    BadOffer,

    /// <summary>The offer has nothing that we could send.</summary>
    NotAcceptable,

    /// <summary>The request is about an ICE session that has been restarted since.</summary>
    Stale,

    /// <summary>An ICE restart has to say which ICE session it means to end.</summary>
    ConditionMissing,

    /// <summary>There is no such console or session.</summary>
    NotFound,

    /// <summary>As many viewers as this server takes are there already.</summary>
    Full,
}

/// <summary>The answer to an offer.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Sdp">The SDP answer, or a sentence about what is wrong with the offer.</param>
/// <param name="ResourceId">Names the media session in later requests; unguessable.</param>
/// <param name="IceSession">Names the ICE session now in force, until the next restart; empty where nothing was accepted.</param>
internal readonly record struct MediaAnswer(MediaOutcome Outcome, string Sdp, string ResourceId = "", string IceSession = "");

/// <summary>What WHEP asks of the network thread. Callable from any thread.</summary>
internal interface IMediaGateway
{
    /// <summary>What browsers may use to get here, beside the addresses in the answer.</summary>
    IReadOnlyList<IceServer> IceServers { get; }

    /// <summary>The pages' sessions, whose input may come by data channels.</summary>
    SessionRegistry Sessions { get; }

    /// <summary>Where whole access units of a console can be had; null where there is no such console.</summary>
    ViewerHub? FindHub(int console);

    /// <summary>Where the machine's sound can be had; null where it is left alone.</summary>
    SoundHub? Sound { get; }

    /// <summary>What is known of the path to the viewer whose page has this input; null while it has no connection.</summary>
    Task<LinkStatistics?> LinkOfAsync(Input.ViewerInput input);

    /// <summary>Opens a media session for a console; <paramref name="session"/> names the page's session, empty for a player that has none.</summary>
    Task<MediaAnswer> OpenAsync(int console, string offer, string session, CancellationToken cancellation);

    /// <summary>Takes an SDP fragment (RFC 8840): trickled candidates, or an ICE restart, which is answered with one.</summary>
    /// <param name="resourceId">The media session.</param>
    /// <param name="fragment">The fragment.</param>
    /// <param name="iceSession">The ICE session that the request is about; "*" for whichever there is, null where it does not say.</param>
    /// <param name="cancellation">Gives the request up.</param>
    Task<MediaAnswer> PatchAsync(string resourceId, string fragment, string? iceSession, CancellationToken cancellation);

    /// <summary>Ends a media session. False where there is none of that name.</summary>
    Task<bool> CloseAsync(string resourceId);
}
