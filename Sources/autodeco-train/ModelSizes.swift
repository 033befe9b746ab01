import Backbone
import Configuration
import Foundation

extension Configuration {
    /// The same with D and V from the model's config.json, where the configuration does not name them and the model is at hand.
    var withSizesOfModel: Configuration {
        var complete = self
        guard let path = model.folder, let found = try? ModelConfiguration(directory: folder(path)) else { return complete }
        complete.model.hiddenSize = model.hiddenSize ?? found.hiddenSize
        complete.model.vocabularySize = model.vocabularySize ?? found.vocabularySize
        return complete
    }
}
